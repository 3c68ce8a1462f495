"""What happened, told once per request, as facts."""
