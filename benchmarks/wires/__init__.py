"""What the drivers do: how fast, how late, and how their neighbours fare beside dead equipment."""
