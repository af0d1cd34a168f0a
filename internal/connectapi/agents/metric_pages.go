package agents

import (
	"crypto/rand"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley.example/parley/api/connect"
)

// first gives the first page of an answer, and keeps it when there are more.
func (p *pages) first(a *answer, size *int32) *connect.GetCurrentMetricDataResponse {
	page := a.page(0, size)
	if len(page.MetricResults) == len(a.rows) {
		return page
	}
	a.id = rand.Text()
	*page.NextToken = a.id + *page.NextToken
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forget(a.expires.Add(-tokenLife))
	p.answers = append(p.answers, a)
	rows := 0
	for i := len(p.answers) - 1; i >= 0; i-- {
		if rows += len(p.answers[i].rows); i < len(p.answers)-1 && (rows > maxRows || len(p.answers)-i > maxAnswers) {
			p.answers = slices.Delete(p.answers, 0, i+1)
			break
		}
	}
	return page
}

// forget forgets answers whose tokens are not good any more. p is locked.
func (p *pages) forget(now time.Time) {
	p.answers = slices.DeleteFunc(p.answers, func(a *answer) bool { return now.After(a.expires) })
}

// next gives the page that a token says, of the request that it belongs to.
func (p *pages) next(token, request string, now time.Time, size *int32) (*connect.GetCurrentMetricDataResponse, error) {
	id, from, _ := strings.Cut(token, ".")
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forget(now)
	at := slices.IndexFunc(p.answers, func(a *answer) bool { return a.id == id })
	n, err := strconv.Atoi(from)
	switch {
	case at < 0 || err != nil || n < 0 || n > len(p.answers[at].rows):
		return nil, invalid("NextToken is good for five minutes, and has expired or was never given out; ask for the first page again")
	case p.answers[at].request != request:
		return nil, invalid("NextToken belongs to another request")
	}
	page := p.answers[at].page(n, size)
	if page.NextToken != nil {
		*page.NextToken = id + *page.NextToken
	}
	return page, nil
}

// page is a page of an answer from a row on. Its token lacks the answer's id.
func (a *answer) page(from int, size *int32) *connect.GetCurrentMetricDataResponse {
	n := metricPage
	if size != nil {
		n = int(*size)
	}
	to := min(from+n, len(a.rows))
	out := &connect.GetCurrentMetricDataResponse{
		MetricResults: slices.Clip(a.rows[from:to]), DataSnapshotTime: new(a.at.Truncate(time.Millisecond)), ApproximateTotalCount: new(int64(len(a.rows))),
	}
	if to < len(a.rows) {
		out.NextToken = new("." + strconv.Itoa(to))
	}
	return out
}
