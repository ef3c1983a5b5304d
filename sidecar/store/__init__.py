"""What must outlive the process: the journal, which is the truth, and DuckDB, its queryable projection."""
