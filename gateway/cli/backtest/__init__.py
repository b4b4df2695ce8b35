"""`gateway backtest`: the tickets that there would have been."""
