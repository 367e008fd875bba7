"""What the outside sees: GraphQL types, the read compiler, REST. Decides nothing. `schema.app.Edge` is the door for `hub.web`."""
