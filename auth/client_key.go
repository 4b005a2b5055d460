package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// assertionType is the type of a client assertion that is a signed JWT (RFC 7523, section 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// assertionLives is how long a client assertion may be used; it is used once, at once.
const assertionLives = time.Minute

// clientKey is the private key with which a client proves itself instead of a secret (private_key_jwt).
type clientKey struct {
	jwk jose.JSONWebKey // private
}

// parseClientKey reads a PEM key: RSA of at least 2048 bits, or ECDSA on P-256. Its id is the RFC 7638 thumbprint.
func parseClientKey(text Secret) (*clientKey, error) {
	block, _ := pem.Decode([]byte(text.Reveal()))
	if block == nil {
		return nil, errors.New("it holds no PEM block")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		if key, err = x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
			if key, err = x509.ParseECPrivateKey(block.Bytes); err != nil {
				return nil, errors.New("it holds no private key in PKCS #8, PKCS #1 or SEC 1 form")
			}
		}
	}
	jwk := jose.JSONWebKey{Key: key, Use: "sig"}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if k.N.BitLen() < 2048 {
			return nil, errors.New("its RSA key is shorter than 2048 bits")
		}
		jwk.Algorithm = string(jose.RS256)
	case *ecdsa.PrivateKey:
		if k.Curve != elliptic.P256() {
			return nil, errors.New("its key is not on the curve P-256")
		}
		jwk.Algorithm = string(jose.ES256)
	default:
		return nil, errors.New("its key is neither RSA nor ECDSA")
	}
	print, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("its thumbprint cannot be made: %w", err)
	}
	jwk.KeyID = base64.RawURLEncoding.EncodeToString(print)
	return &clientKey{jwk: jwk}, nil
}

// assertion is a signed statement of the client about itself, for one call to the token endpoint.
func (k *clientKey) assertion(clientID, tokenEndpoint string, now time.Time) (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(k.jwk.Algorithm), Key: k.jwk}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", fmt.Errorf("client assertion: %w", err)
	}
	claims, err := json.Marshal(map[string]any{
		"iss": clientID, "sub": clientID, "aud": tokenEndpoint, "jti": rand.Text(),
		"iat": now.Unix(), "nbf": now.Add(-time.Minute).Unix(), "exp": now.Add(assertionLives).Unix(),
	})
	if err != nil {
		return "", fmt.Errorf("client assertion: %w", err)
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		return "", fmt.Errorf("client assertion: %w", err)
	}
	return signed.CompactSerialize()
}
