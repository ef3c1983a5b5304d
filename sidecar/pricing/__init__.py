"""Prices, Greeks, implied volatilities and forwards of European options: arrays in, arrays out."""
