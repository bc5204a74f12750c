"""What happened on a server, without secrets: the journal, the responses that were sent, the metrics."""
