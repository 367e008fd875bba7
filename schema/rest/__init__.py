"""REST as stored GraphQL documents with their answers unwrapped, so that the two cannot drift. No logic of its own."""
