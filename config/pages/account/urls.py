"""The addresses of signing in and of « Mon compte ».

Those that allauth looks for have its names; what it offers besides (signing up, mails, social accounts) has none.
"""

from allauth.account.views import reauthenticate
from allauth.mfa.base import views as factors
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as keys
from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_not_required
from django.urls import path

from config.pages.account import profile, security, signing

urlpatterns = [
    path("login/", signing.SignIn.as_view(), name="login"),
    # the same door, as allauth calls it
    path("login/", signing.SignIn.as_view(), name="account_login"),
    path("login/code/", factors.authenticate, name="mfa_authenticate"),
    path("login/key/", login_not_required(keys.login_webauthn), name="mfa_login_webauthn"),
    path("login/forgotten/", signing.password_forgotten, name="password-forgotten"),
    path("login/forgotten/sent/", signing.password_asked, name="password-asked"),
    path("login/reset/<uidb64>/<token>/", signing.ResetPassword.as_view(), name="password-reset"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("account/", profile.profile, name="account"),
    path("account/address/", profile.change_address, name="account-email"),
    path("account/address/<str:token>/", profile.confirm_new_address, name="account-email-confirm"),
    path("account/password/", profile.password, name="account-password"),
    path("account/sessions/", security.sessions, name="usersessions_list"),
    path("account/security/", security.security, name="mfa_index"),
    path("account/security/keys/", security.security, name="mfa_list_webauthn"),
    path("account/security/keys/add/", keys.add_webauthn, name="mfa_add_webauthn"),
    path("account/security/keys/<int:pk>/edit/", keys.edit_webauthn, name="mfa_edit_webauthn"),
    path("account/security/keys/<int:pk>/remove/", keys.remove_webauthn, name="mfa_remove_webauthn"),
    path("account/security/application/", totp.activate_totp, name="mfa_activate_totp"),
    path("account/security/application/remove/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("account/security/codes/", codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("account/security/codes/new/", codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("account/security/codes/file/", codes.download_recovery_codes, name="mfa_download_recovery_codes"),
    path("account/confirm/", reauthenticate, name="account_reauthenticate"),
    path("account/confirm/code/", factors.reauthenticate, name="mfa_reauthenticate"),
    path("account/confirm/key/", keys.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
]
