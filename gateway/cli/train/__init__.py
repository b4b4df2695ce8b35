"""`gateway train`: trained models from history."""
