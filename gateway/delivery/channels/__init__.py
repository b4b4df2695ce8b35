"""The ways to tell people that come with the program, one module each."""
