"""`gateway evaluate`: how good rules and detectors are, on a property of which the truth is known."""
