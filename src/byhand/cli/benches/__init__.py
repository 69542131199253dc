"""What `byhand bench` measures, one file a thing."""
