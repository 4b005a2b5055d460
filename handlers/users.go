package handlers

import "net/http"

func (s *server) usersIndex(http.ResponseWriter, *http.Request) error { return errNoPage }

func (s *server) usersShow(http.ResponseWriter, *http.Request) error { return errNoPage }
