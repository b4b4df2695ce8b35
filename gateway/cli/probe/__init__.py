"""`gateway probe`: the bus doctor."""
