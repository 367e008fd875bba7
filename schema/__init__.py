"""What the outside sees: GraphQL types, the read compiler, REST. Decides nothing."""
