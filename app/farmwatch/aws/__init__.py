"""The only door to AWS: credentials, clients, replies as validated and cleaned values, errors as faults."""
