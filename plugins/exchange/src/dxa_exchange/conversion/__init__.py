"""From one format of address lists to another: what ``dxa exchange convert`` does, on bytes."""
