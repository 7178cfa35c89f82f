"""A Django site in front of the models of examples/simple_model: a form in, a question by gRPC, an answer out."""
