"""Fields that a desk defines itself for its tickets and contacts."""
