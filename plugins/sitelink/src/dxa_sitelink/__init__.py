"""The link between dxa sites: signed, numbered batches over a shared folder."""
