"""Deciding one pattern: rules, search and backends behind one function, the kernel after them."""
