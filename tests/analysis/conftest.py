"""Its being here lets tests in the folders below import `frames`."""
