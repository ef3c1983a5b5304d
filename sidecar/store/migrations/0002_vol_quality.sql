-- What a position's volatility, and so each of its Greeks, rests on; NULL where no volatility is read.
ALTER TABLE positions ADD COLUMN vol_quality VARCHAR;
