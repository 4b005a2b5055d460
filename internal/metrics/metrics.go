// Package metrics counts what operators watch and serves it in the Prometheus text format.
//
// Labels are routes, operations and states: never people, teams, addresses or paths. It refuses to be reached by people: the
// page belongs on an address of its own (PORTAL_METRICS_ADDR). Start at [New].
package metrics

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Numbers are what the database knows at this moment.
type Numbers struct {
	// Changes that have not ended, by state, and their rows, by state.
	Changes, Rows map[string]int
	// Sessions that have not run out.
	Sessions int
}

// Directory is what the copy of the account is like at this moment.
type Directory struct {
	// Age is how long ago it was read; below 0 when it never was.
	Age          time.Duration
	Users, Teams int
}

// Options are the sources of a Metrics.
type Options struct {
	Version   string
	Directory func() Directory
	// Numbers is asked at every scrape and should answer within a second; the numbers are left out when it fails.
	Numbers func(ctx context.Context) (Numbers, error)
}

// Metrics counts and serves. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	calls    *prometheus.HistogramVec
	rows     *prometheus.CounterVec
}

// New makes the metrics of one portal.
func New(o Options) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "portal_http_request_duration_seconds", Help: "Answers to web requests by route pattern, method and status.",
			Buckets: []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"route", "method", "status"}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "portal_gtmhub_call_duration_seconds", Help: "Tries of calls to Gtmhub by number of the operation and outcome: ok, a status, or none when no answer came.",
			Buckets: []float64{.025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20},
		}, []string{"operation", "outcome"}),
		rows: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "portal_rows_settled_total", Help: "Rows of changes that this instance has sent and whose outcome it has stored, by kind and state.",
		}, []string{"kind", "state"}),
	}
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "portal_info", Help: "1, with the version as a label."}, []string{"version"})
	info.WithLabelValues(o.Version).Set(1)
	m.registry.MustRegister(m.requests, m.calls, m.rows, info, &stored{o},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Request counts an answer. route is a pattern of the route table; requests that no pattern took count as "none".
func (m *Metrics) Request(route, method string, status int, took time.Duration) {
	if route == "" {
		route = "none"
	}
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost:
	default:
		method = "other" // anything can be sent as a method, and each label is a series
	}
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Observe(took.Seconds())
}

// Call counts one try of a call to Gtmhub. status is 0 when no answer came.
func (m *Metrics) Call(operation, status int, took time.Duration, err error) {
	outcome := "ok"
	switch {
	case err == nil:
	case status == 0:
		outcome = "none"
	default:
		outcome = strconv.Itoa(status)
	}
	m.calls.WithLabelValues(strconv.Itoa(operation), outcome).Observe(took.Seconds())
}

// Row counts a row whose outcome was stored.
func (m *Metrics) Row(kind, state string) { m.rows.WithLabelValues(kind, state).Inc() }

// Handler serves the metrics, and nothing else, at any path.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

// stored reads at each scrape what is not counted here.
type stored struct{ o Options }

var (
	changesDesc  = prometheus.NewDesc("portal_changes_open", "Changes that have not ended, by state.", []string{"state"}, nil)
	rowsDesc     = prometheus.NewDesc("portal_rows_open", "Rows of changes that have not ended, by state.", []string{"state"}, nil)
	sessionsDesc = prometheus.NewDesc("portal_sessions", "Sessions that have not run out.", nil, nil)
	ageDesc      = prometheus.NewDesc("portal_directory_age_seconds", "How long ago the copy of the account was read.", nil, nil)
	usersDesc    = prometheus.NewDesc("portal_directory_users", "Users in the copy of the account.", nil, nil)
	teamsDesc    = prometheus.NewDesc("portal_directory_teams", "Teams in the copy of the account.", nil, nil)
)

// Describe implements prometheus.Collector.
func (s *stored) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{changesDesc, rowsDesc, sessionsDesc, ageDesc, usersDesc, teamsDesc} {
		ch <- d
	}
}

var errNumbers = errors.New("the database does not answer")

// Collect implements prometheus.Collector.
func (s *stored) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	if d := s.o.Directory(); d.Age >= 0 {
		gauge(ageDesc, d.Age.Seconds())
		gauge(usersDesc, float64(d.Users))
		gauge(teamsDesc, float64(d.Teams))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	n, err := s.o.Numbers(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(sessionsDesc, errNumbers) // the cause may name the server; it is in the log of the pages
		return
	}
	gauge(sessionsDesc, float64(n.Sessions))
	for state, v := range n.Changes {
		gauge(changesDesc, float64(v), state)
	}
	for state, v := range n.Rows {
		gauge(rowsDesc, float64(v), state)
	}
}
