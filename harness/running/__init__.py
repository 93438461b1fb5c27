"""Running backends: one process each, a protocol, a store, and the record of what came out."""
