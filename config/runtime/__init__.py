"""How the product lives: the embedded services and their keeper, the supervisor, the web server and its front."""
