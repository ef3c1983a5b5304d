"""What decides to trade. The same class trades on the live desk and in a backtest; the gate stands before both."""
