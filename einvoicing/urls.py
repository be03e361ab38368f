"""The addresses of einvoicing."""

app_name = "einvoicing"
urlpatterns: list = []
