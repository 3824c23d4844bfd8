"""The HTTP door: calls that scripts and monitoring make of a desk."""
