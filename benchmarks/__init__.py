"""How fast and how small: each figure stands beside a plain reference that was measured in the same run."""
