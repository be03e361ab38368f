"""Backups: the database, every kept file and the keys that open what is encrypted, for who holds an age identity.

    PLACE/files/ab/<sha256>.age     each kept file once, whatever its names: later backups add what is new
    PLACE/<moment>/database.age     pg_dump in its custom format
    PLACE/<moment>/contents.age     the paths of the files with their SHA-256, the trails, and the keys
    PLACE/<moment>/manifest.json    in clear: when, of which version, the SHA-256 of the two; written last

PLACE is a directory or `s3://bucket/prefix`. The server holds public keys alone (BACKUP_RECIPIENT): who breaks into it
reads no backup. A backup that was killed left files that the next one need not store again, and no manifest.
age: https://age-encryption.org/v1
"""
