// Package smtptest is a strict mail server for tests: it speaks SMTP (RFC 5321) over a loopback connection, keeps what it
// is given, complains about a client that breaks the rules, and fails on request. Only tests import it. Start at [New].
package smtptest

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Fault is what goes wrong with one connection.
type Fault string

// The faults.
const (
	// None lets the connection through; it stands between other faults.
	None Fault = ""
	// NoService greets with 554 and closes.
	NoService Fault = "no service"
	// RefuseRecipient answers 550 to RCPT.
	RefuseRecipient Fault = "refuse recipient"
	// Busy answers 451 to RCPT.
	Busy Fault = "busy"
	// BusyAfterData answers 451 to the end of the data, and keeps nothing.
	BusyAfterData Fault = "busy after data"
	// RefuseData answers 554 to the end of the data, and keeps nothing.
	RefuseData Fault = "refuse data"
	// DropBeforeData closes when the client asks to send data.
	DropBeforeData Fault = "drop before data"
	// DropInData closes in the middle of the data, and keeps nothing.
	DropInData Fault = "drop in data"
	// DropAfterData keeps the mail, and closes instead of saying so.
	DropAfterData Fault = "drop after data"
	// Slow keeps the mail, and answers only when the client has gone or the test ends.
	Slow Fault = "slow"
)

// Mail is one mail that was taken.
type Mail struct {
	From string
	To   []string
	// Data is the mail itself, with CRLF line ends.
	Data string
	// TLS says that it came over an encrypted connection, User who had signed in.
	TLS  bool
	User string
}

// Options change the server. The zero value takes mail from anybody, in the clear.
type Options struct {
	// TLS offers STARTTLS; Implicit speaks TLS from the first byte.
	TLS, Implicit bool
	// User and Password must be given by AUTH PLAIN when User is set.
	User, Password string
}

// Server is a running mail server.
type Server struct {
	Host string
	Port int
	// Roots verifies the server's certificate; nil without TLS.
	Roots *x509.CertPool

	t        *testing.T
	o        Options
	config   *tls.Config
	listener net.Listener
	done     chan struct{}

	mu     sync.Mutex
	faults []Fault
	mails  []Mail
	conns  map[net.Conn]bool
	dials  int
}

// New starts a server; it ends with the test. A client that breaks the rules fails the test.
func New(t *testing.T, o Options) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, t: t, o: o, listener: l, done: make(chan struct{}), conns: map[net.Conn]bool{}}
	if o.TLS || o.Implicit {
		s.certify()
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.keep(c)
			wg.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		close(s.done)
		l.Close()
		s.mu.Lock()
		for c := range s.conns {
			c.Close()
		}
		s.mu.Unlock()
		wg.Wait()
	})
	return s
}

// Fail makes the next connections fail, one each.
func (s *Server) Fail(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// Mails are the mails taken so far, in order.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// Dials is how many connections there were.
func (s *Server) Dials() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dials
}

// Stop closes the server's address, so that nobody gets a connection any more.
func (s *Server) Stop() { s.listener.Close() }

func (s *Server) certify() {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "smtptest"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		s.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		s.t.Fatal(err)
	}
	s.Roots = x509.NewCertPool()
	s.Roots.AddCert(cert)
	s.config = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
}

func (s *Server) keep(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = true
	s.dials++
}

func (s *Server) nextFault() Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) == 0 {
		return None
	}
	f := s.faults[0]
	s.faults = s.faults[1:]
	return f
}

// session is one connection.
type session struct {
	s     *Server
	conn  net.Conn
	r     *bufio.Reader
	fault Fault
	hello bool
	mail  *Mail // under way
	tls   bool
	user  string
}

var errEnd = errors.New("the session has ended")

func (s *Server) serve(c net.Conn) {
	defer c.Close()
	n := &session{s: s, conn: c, fault: s.nextFault()}
	if s.o.Implicit {
		n.conn, n.tls = tls.Server(c, s.config), true
	}
	n.r = bufio.NewReader(n.conn)
	if n.fault == NoService {
		n.say(554, "No service here")
		return
	}
	n.say(220, "smtptest ready")
	for {
		line, err := n.line()
		if err != nil {
			return
		}
		if err := n.command(line); err != nil {
			return
		}
	}
}

// broken fails the test: the client broke a rule of the protocol.
func (n *session) broken(format string, args ...any) error {
	select {
	case <-n.s.done: // the test is over; nobody listens any more
	default:
		n.s.t.Errorf("smtptest: "+format, args...)
	}
	return errEnd
}

func (n *session) say(code int, text string) { fmt.Fprintf(n.conn, "%d %s\r\n", code, text) }

// line reads one line. It must end in CRLF and have at most 512 bytes (RFC 5321, section 4.5.3.1.4).
func (n *session) line() (string, error) {
	line, err := n.r.ReadString('\n')
	if err != nil {
		return "", err
	}
	if !strings.HasSuffix(line, "\r\n") || len(line) > 512 {
		return "", n.broken("a command that does not end in CRLF, or is too long: %q", line)
	}
	return strings.TrimSuffix(line, "\r\n"), nil
}

func (n *session) command(line string) error {
	verb, rest, _ := strings.Cut(line, " ")
	switch strings.ToUpper(verb) {
	case "EHLO":
		n.hello, n.mail = true, nil
		return n.greet()
	case "STARTTLS":
		return n.startTLS()
	case "AUTH":
		return n.auth(rest)
	case "MAIL":
		return n.from(rest)
	case "RCPT":
		return n.rcpt(rest)
	case "DATA":
		return n.data()
	case "RSET":
		n.mail = nil
		n.say(250, "Forgotten")
	case "NOOP":
		n.say(250, "Nothing done")
	case "*": // a client that gives up signing in (RFC 4954, section 4)
		n.say(501, "Given up")
	case "QUIT":
		n.say(221, "Bye")
		return errEnd
	default:
		n.say(502, "Not known")
		return n.broken("unknown command %q", line)
	}
	return nil
}

func (n *session) greet() error {
	lines := []string{"smtptest", "8BITMIME", "ENHANCEDSTATUSCODES"}
	if n.s.o.TLS && !n.tls {
		lines = append(lines, "STARTTLS")
	}
	if n.s.o.User != "" && (n.tls || !n.s.o.TLS) {
		lines = append(lines, "AUTH PLAIN")
	}
	for i, l := range lines {
		mark := "-"
		if i == len(lines)-1 {
			mark = " "
		}
		fmt.Fprintf(n.conn, "250%s%s\r\n", mark, l)
	}
	return nil
}

func (n *session) startTLS() error {
	if !n.s.o.TLS || n.tls {
		return n.broken("STARTTLS that was not offered")
	}
	n.say(220, "Go on")
	if n.r.Buffered() > 0 {
		return n.broken("something was said before the connection was encrypted")
	}
	c := tls.Server(n.conn, n.s.config)
	if err := c.Handshake(); err != nil {
		return errEnd // a client that does not trust us has every right
	}
	n.conn, n.r, n.tls, n.hello = c, bufio.NewReader(c), true, false
	return nil
}

func (n *session) auth(rest string) error {
	mechanism, initial, _ := strings.Cut(rest, " ")
	given, err := base64.StdEncoding.DecodeString(initial)
	if !strings.EqualFold(mechanism, "PLAIN") || err != nil {
		return n.broken("AUTH %s", mechanism)
	}
	if n.s.o.TLS && !n.tls {
		return n.broken("a password in the clear")
	}
	if string(given) != "\x00"+n.s.o.User+"\x00"+n.s.o.Password {
		n.say(535, "5.7.8 Wrong user or password")
		return nil
	}
	n.user = n.s.o.User
	n.say(235, "2.7.0 Welcome")
	return nil
}

// path takes the address out of "FROM:<a@b> BODY=8BITMIME".
func path(rest, word string) (string, bool) {
	if len(rest) < len(word) || !strings.EqualFold(rest[:len(word)], word) {
		return "", false
	}
	rest = rest[len(word):]
	end := strings.IndexByte(rest, '>')
	if !strings.HasPrefix(rest, "<") || end < 2 {
		return "", false
	}
	return rest[1:end], true
}

func (n *session) from(rest string) error {
	address, ok := path(rest, "FROM:")
	switch {
	case !ok || !n.hello || n.mail != nil:
		return n.broken("MAIL %s out of turn or malformed", rest)
	case n.s.o.User != "" && n.user == "":
		n.say(530, "5.7.0 Sign in first")
		return nil
	}
	n.mail = &Mail{From: address, TLS: n.tls, User: n.user}
	n.say(250, "2.1.0 Fine")
	return nil
}

func (n *session) rcpt(rest string) error {
	address, ok := path(rest, "TO:")
	if !ok || n.mail == nil {
		return n.broken("RCPT %s out of turn or malformed", rest)
	}
	switch n.fault {
	case RefuseRecipient:
		n.say(550, "5.1.1 <"+address+"> is nobody here")
	case Busy:
		n.say(451, "4.3.2 Come back later")
	default:
		n.mail.To = append(n.mail.To, address)
		n.say(250, "2.1.5 Fine")
	}
	return nil
}

func (n *session) data() error {
	if n.mail == nil || len(n.mail.To) == 0 {
		return n.broken("DATA without a recipient")
	}
	if n.fault == DropBeforeData {
		return errEnd
	}
	n.say(354, "Go on")
	var b strings.Builder
	for {
		line, err := n.r.ReadString('\n')
		if err != nil {
			return err
		}
		if n.fault == DropInData {
			return errEnd
		}
		if !strings.HasSuffix(line, "\r\n") || len(line) > 1000 || strings.Contains(strings.TrimSuffix(line, "\r\n"), "\r") {
			return n.broken("a line of data that does not end in CRLF, or is too long: %q", line)
		}
		if line == ".\r\n" {
			break
		}
		b.WriteString(strings.TrimPrefix(line, ".")) // RFC 5321, section 4.5.2
	}
	switch n.fault {
	case BusyAfterData:
		n.say(451, "4.3.0 Come back later")
		n.mail = nil
		return nil
	case RefuseData:
		n.say(554, "5.6.0 Not this")
		n.mail = nil
		return nil
	}
	n.mail.Data = b.String()
	n.s.mu.Lock()
	n.s.mails = append(n.s.mails, *n.mail)
	n.s.mu.Unlock()
	n.mail = nil
	switch n.fault {
	case DropAfterData:
		return errEnd
	case Slow:
		_, _ = io.Copy(io.Discard, n.r) // until the client has gone, or the test ends
		return errEnd
	}
	n.say(250, "2.0.0 Taken")
	return nil
}
