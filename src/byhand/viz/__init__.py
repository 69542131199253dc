"""Tables, text, figures and pages."""
