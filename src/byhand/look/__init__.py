"""What goes on inside a network when it reads one picture."""
