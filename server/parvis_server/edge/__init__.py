"""The edge: faces the phones for a hub that stands elsewhere, or in the next process."""
