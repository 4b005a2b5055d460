package handlers

import "net/http"

func (s *server) auditIndex(http.ResponseWriter, *http.Request) error { return errNoPage }
