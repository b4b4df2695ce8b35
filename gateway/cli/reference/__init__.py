"""Writes docs/reference from the program itself: commands, models, tables, messages. Nothing here is a command."""
