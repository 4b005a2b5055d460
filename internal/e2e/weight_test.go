package e2e_test

import (
	"context"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

const (
	// mostBytes is what the first page may cost somebody whose browser has nothing of the portal yet.
	mostBytes = 100 << 10
	// mostShift is how far the parts of a page may move while it loads (the "cumulative layout shift" of web.dev, which
	// calls up to 0.1 good).
	mostShift = 0.02
)

func TestFirst_page_is_light_and_still(t *testing.T) {
	t.Parallel()
	b := open(t, sharedDemo(t), 1280, 900)
	b.signIn("hr")
	b.do("forget the files of the sign-in", call(network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true}))

	var mu sync.Mutex
	var bytes, files float64
	ctx, cancel := context.WithCancel(b.ctx)
	defer cancel()
	if err := chromedp.Listen(ctx, func(event any) {
		if e, ok := event.(*network.EventLoadingFinished); ok {
			mu.Lock()
			defer mu.Unlock()
			bytes, files = bytes+e.EncodedDataLength, files+1
		}
	}); err != nil {
		t.Fatal(err)
	}
	b.load("open the first page", chromedp.Navigate(b.home+"/"))
	evaluate[chromedp.Void](b, `document.fonts.ready.then(() => new Promise(requestIdleCallback))`)
	// Observers are told in a task of their own, and of nothing when there was nothing.
	shift := evaluate[float64](b, `new Promise(done => {
		let sum = 0;
		const add = list => list.forEach(e => { if (!e.hadRecentInput) sum += e.value; });
		const observer = new PerformanceObserver(list => add(list.getEntries()));
		observer.observe({type: "layout-shift", buffered: true});
		requestAnimationFrame(() => setTimeout(() => { add(observer.takeRecords()); done(sum); }));
	})`)
	mu.Lock()
	defer mu.Unlock()
	t.Logf("first page: %.1f KB in %.0f files, layout shift %.4f", bytes/1024, files, shift)
	if files < 5 {
		t.Errorf("only %.0f files were counted", files)
	}
	if bytes > mostBytes {
		t.Errorf("the first page costs %.0f bytes, want at most %d", bytes, mostBytes)
	}
	if shift >= mostShift {
		t.Errorf("the first page moves by %.4f while it loads, want less than %v", shift, mostShift)
	}
}
