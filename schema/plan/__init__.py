"""The read compiler: one GraphQL operation becomes one SQL statement that returns the response's bytes."""
