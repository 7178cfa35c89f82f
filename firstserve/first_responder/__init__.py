"""First responder: answers `POST /predict` while the full server still starts, and imports nothing for it in vain."""
