package handlers

import "net/http"

func (s *server) teamsIndex(http.ResponseWriter, *http.Request) error { return errNoPage }

func (s *server) teamsShow(http.ResponseWriter, *http.Request) error { return errNoPage }

func (s *server) teamsAddForm(http.ResponseWriter, *http.Request) error { return errNoPage }

func (s *server) teamsAdd(http.ResponseWriter, *http.Request) error { return errNoPage }

func (s *server) teamsRemove(http.ResponseWriter, *http.Request) error { return errNoPage }
