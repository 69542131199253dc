"""What people see: tables, lines, figures."""
