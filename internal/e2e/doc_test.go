// Package e2e_test drives a browser through the portal as it is delivered: the program is built once, started as the
// demo on free loopback ports, and used in headless Chromium like a person would. It imports nothing of ours.
//
// Every page that a journey stops at is checked ([tab.check]): no error on the console, no violation of the content
// security policy, nothing that scrolls sideways, and no finding of axe in light and dark. A failing journey leaves a
// picture of its page in failures/.
//
// Without Chromium the journeys are skipped, or fail where CI=true. Start reading at [startDemo] and [open].
package e2e_test
