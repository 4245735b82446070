"""`Authorization: Token …`, against the hashes that Havre keeps: one query, no session."""

from hashlib import sha256

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed

from .models import Token


class TokenAuthentication(BaseAuthentication):
    def authenticate(self, request):
        words = get_authorization_header(request).split()
        if len(words) != 2 or words[0].lower() != b"token":
            return None
        token = Token.objects.select_related("person").filter(secret_hash=sha256(words[1]).hexdigest()).first()
        if token is None or not token.person.is_active:
            raise AuthenticationFailed("Invalid token.")
        return token.person, token

    def authenticate_header(self, request):
        return "Token"
