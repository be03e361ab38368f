"""Messages from other systems: verified on their very bytes, stored, answered at once; applied after, once for ever."""
