"""People and partner systems: who signs in, and how they like the product."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from config.kernel import characters


def login_of(typed: str) -> str:
    """The e-mail address as it is kept, however it is typed: a telephone begins it with a capital."""
    return characters.clean(typed).lower()


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=login_of(username or ""))

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> User:
        user = self.model(email=login_of(email), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)


class Theme(models.TextChoices):
    LIGHT = "light", _("Clair")
    DARK = "dark", _("Sombre")


class User(AbstractUser):
    """A person, or a partner system. The e-mail address is the login."""

    username = None  # type: ignore[assignment]  # the e-mail address replaces it, as Django's documentation shows
    email = models.EmailField(_("adresse e-mail"), unique=True)
    is_partner = models.BooleanField(_("système partenaire"), default=False)
    # as the person chose them, wherever they sign in; '' as the browser says
    language = models.CharField(_("langue"), max_length=10, blank=True)
    theme = models.CharField(_("thème"), max_length=5, blank=True, choices=Theme.choices)
    muted_notices = ArrayField(models.CharField(max_length=40), default=list, blank=True, editable=False)
    # raised to refuse at once every token given before
    token_version = models.PositiveIntegerField(default=0, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]  # same reason

    class Meta(AbstractUser.Meta):
        constraints = [models.CheckConstraint(condition=models.Q(email=Lower("email")), name="login_is_in_lower_case")]

    def clean(self) -> None:
        super().clean()
        self.email = login_of(self.email)

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.email
