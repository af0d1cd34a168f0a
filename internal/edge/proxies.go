package edge

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// ParseProxies reads what says which peers are proxies to be trusted: addresses, and
// networks such as 10.0.0.0/8.
func ParseProxies(list []string) ([]netip.Prefix, error) {
	var proxies []netip.Prefix
	for _, text := range list {
		p, err := netip.ParsePrefix(text)
		if ip, bad := netip.ParseAddr(text); bad == nil {
			ip = ip.Unmap().WithZone("")
			p, err = netip.PrefixFrom(ip, ip.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%q is neither an address nor a network like 10.0.0.0/8", text)
		}
		proxies = append(proxies, p.Masked())
	}
	return proxies, nil
}

// Trust sets the proxies whose word on where a request comes from is taken: see
// [Edge.Handler]. It may be called while requests are answered.
func (e *Edge) Trust(proxies []netip.Prefix) { e.proxies.Store(&proxies) }

// front is how a client reached the server, as far as trusted proxies tell.
type front struct{ scheme, host string }

// fronted returns the request as its client sent it: when the peer is a trusted
// proxy, RemoteAddr is the client's address, and the front has what the proxy says. From
// everybody else such headers say nothing: clients can send them too.
func (e *Edge) fronted(r *http.Request) (*http.Request, front) {
	asked := front{scheme: "http", host: r.Host}
	if r.TLS != nil {
		asked.scheme = "https"
	}
	trusted := e.proxies.Load()
	if trusted == nil || len(*trusted) == 0 {
		e.doubt(r)
		return r, asked
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !within(*trusted, peer.Addr()) {
		return r, asked
	}
	hops := hopsOf(r.Header)
	if len(hops) == 0 {
		return r, asked
	}
	// From the nearest proxy outwards: the first address that is no trusted proxy's is the
	// client's. What stands before it the client may have written itself.
	client, seen := peer, hops[len(hops)-1]
	for _, hop := range slices.Backward(hops) {
		from, ok := parseNode(hop.from)
		if !ok {
			break // a proxy that does not know, or hides it: its own address has to do
		}
		client, seen = from, hop
		if !within(*trusted, from.Addr()) {
			break
		}
	}
	copied := *r
	copied.RemoteAddr = client.String()
	if scheme := strings.ToLower(seen.proto); scheme == "http" || scheme == "https" {
		asked.scheme = scheme
	}
	if seen.host != "" {
		asked.host = seen.host
	}
	return &copied, asked
}

// doubt says once that there seems to be a proxy that is not trusted.
func (e *Edge) doubt(r *http.Request) {
	if r.Header["X-Forwarded-For"] == nil || e.doubted.Load() {
		return
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if ip := peer.Addr().Unmap(); err == nil && (ip.IsLoopback() || ip.IsPrivate()) && e.doubted.CompareAndSwap(false, true) {
		e.Log.Warn("a proxy seems to pass requests on; until --trusted-proxy names it, all its clients count as one", "proxy", ip)
	}
}

func within(networks []netip.Prefix, ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// hop is what one proxy says of the request that it received.
type hop struct{ from, proto, host string }

// hopsOf returns what proxies say, the nearest one last. X-Forwarded-For counts
// before Forwarded (RFC 7239): most proxies write the former and pass the latter on as the
// client sent it.
func hopsOf(h http.Header) []hop {
	from := listed(h["X-Forwarded-For"])
	if len(from) == 0 {
		return forwarded(h["Forwarded"])
	}
	protos, hosts := listed(h["X-Forwarded-Proto"]), listed(h["X-Forwarded-Host"])
	hops := make([]hop, len(from))
	for i := range hops {
		back := len(from) - 1 - i
		hops[i] = hop{from[i], fromEnd(protos, back), fromEnd(hosts, back)}
	}
	return hops
}

// fromEnd returns the element that has so many behind it, the first one when there
// are fewer: most proxies keep what an outer one has said, and do not append to it.
func fromEnd(list []string, back int) string {
	if len(list) == 0 {
		return ""
	}
	return list[max(0, len(list)-1-back)]
}

// listed returns the elements of a header that is a list, of all its lines.
func listed(lines []string) (list []string) {
	for _, line := range lines {
		for element := range strings.SplitSeq(line, ",") {
			if element = strings.TrimSpace(element); element != "" {
				list = append(list, element)
			}
		}
	}
	return list
}

// forwarded reads the header Forwarded: for=192.0.2.60;proto=https;host="a.example:8443", for=….
func forwarded(lines []string) (hops []hop) {
	for _, line := range lines {
		for element := range splitUnquoted(line, ',') {
			var one hop
			for pair := range splitUnquoted(element, ';') {
				name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
				value = strings.ReplaceAll(strings.Trim(value, `"`), `\`, "") // nothing that counts here needs an escape
				switch strings.ToLower(name) {
				case "for":
					one.from = value
				case "proto":
					one.proto = value
				case "host":
					one.host = value
				}
			}
			hops = append(hops, one)
		}
	}
	return hops
}

// splitUnquoted yields the parts of s between separators that are not inside quotes.
func splitUnquoted(s string, separator byte) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		start, quoted := 0, false
		for i := range len(s) {
			switch {
			case s[i] == '"' && (i == 0 || s[i-1] != '\\'):
				quoted = !quoted
			case s[i] == separator && !quoted:
				if !yield(s[start:i]) {
					return
				}
				start = i + 1
			}
		}
		yield(s[start:])
	}
}

// parseNode reads an address, which may have a port: the port is 0 when it has none.
func parseNode(text string) (netip.AddrPort, bool) {
	if at, err := netip.ParseAddrPort(text); err == nil {
		return netip.AddrPortFrom(at.Addr().Unmap(), at.Port()), true
	}
	ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	return netip.AddrPortFrom(ip.Unmap(), 0), err == nil
}

// maxHost is what the host of a URL that is handed out may have: the longest name in DNS, and a port.
const maxHost = 253 + len(":65535")

// BaseURL returns scheme and host of the URL at which the client asked for what a
// context belongs to, for the URLs in the answer; "" when the context belongs to no request or
// the request has no usable host. Clients write the host as they like, so it is fit for
// answers to themselves alone.
func BaseURL(ctx context.Context) string {
	r := requestOf(ctx)
	if r == nil || !plausibleHost(r.asked.host) {
		return ""
	}
	host := r.asked.host
	if name, port, err := net.SplitHostPort(host); r.asked.scheme == "http" {
		// Of unencrypted sockets ChatJS accepts those of 127.0.0.1 only, spelt like this.
		switch {
		case host == "localhost":
			host = "127.0.0.1"
		case err == nil && name == "localhost":
			host = net.JoinHostPort("127.0.0.1", port)
		}
	}
	return r.asked.scheme + "://" + host
}

// AskedHost returns the host that the client addressed, as far as trusted proxies
// tell; "" when the context belongs to no request.
func AskedHost(ctx context.Context) string {
	if r := requestOf(ctx); r != nil {
		return r.asked.host
	}
	return ""
}

// AskedSecurely reports whether the client sent a request over TLS, as far as trusted proxies tell.
func AskedSecurely(r *http.Request) bool {
	asked := requestOf(r.Context())
	return asked != nil && asked.asked.scheme == "https"
}

func plausibleHost(host string) bool {
	if host == "" || len(host) > maxHost {
		return false
	}
	for i := range len(host) {
		switch c := host[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '.', c == '-', c == '_', c == ':', c == '[', c == ']':
		default:
			return false
		}
	}
	return true
}
