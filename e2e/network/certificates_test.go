package network

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"sync"
	"time"
)

// authority is who certifies all servers outside.
type authority struct {
	key    *ecdsa.PrivateKey
	root   *x509.Certificate
	issued sync.Map // certificates by name
}

// make makes the authority, whose certificate goes into a file.
func (a *authority) make(file string) (err error) {
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return err
	}
	a.root = certificateOf("the authority of the tests")
	a.root.IsCA, a.root.KeyUsage = true, x509.KeyUsageCertSign
	text, err := x509.CreateCertificate(rand.Reader, a.root, a.root, &a.key.PublicKey, a.key)
	if err != nil {
		return err
	}
	if a.root, err = x509.ParseCertificate(text); err != nil {
		return err
	}
	return os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: text}), 0o644)
}

func certificateOf(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), BasicConstraintsValid: true,
	}
}

// certificate is that of the server that a client asks for.
func (a *authority) certificate(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := h.ServerName
	if name == "" {
		name = "unnamed"
	}
	if found, ok := a.issued.Load(name); ok {
		return found.(*tls.Certificate), nil //nolint:forcetypeassert // what is stored below
	}
	leaf := certificateOf(name)
	leaf.DNSNames, leaf.KeyUsage, leaf.ExtKeyUsage = []string{name}, x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	text, err := x509.CreateCertificate(rand.Reader, leaf, a.root, &a.key.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	c := &tls.Certificate{Certificate: [][]byte{text}, PrivateKey: a.key}
	a.issued.Store(name, c)
	return c, nil
}
