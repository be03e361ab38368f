"""Backups: the database, every kept file and the keys that open what is encrypted, for who holds an age identity.

    DIR/files/ab/<sha256>.age     each kept file once, whatever its names: later backups add what is new
    DIR/<moment>/database.age     pg_dump in its custom format
    DIR/<moment>/contents.age     the paths of the files with their SHA-256, the trails, and the keys
    DIR/<moment>/manifest.json    in clear: when, of which version, the SHA-256 of the two; written last

The server holds the public key alone (BACKUP_RECIPIENT): who breaks into it reads no backup. age: https://age-encryption.org/v1
"""
