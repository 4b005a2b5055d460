package handlers

import "net/http"

func (s *server) changesIndex(http.ResponseWriter, *http.Request) error { return errNoPage }

func (s *server) changesShow(http.ResponseWriter, *http.Request) error { return errNoPage }

func (s *server) changesReturn(http.ResponseWriter, *http.Request) error { return errNoPage }

func (s *server) changesDecide(http.ResponseWriter, *http.Request) error { return errNoPage }

func (s *server) changesWithdraw(http.ResponseWriter, *http.Request) error { return errNoPage }

func (s *server) changesPause(http.ResponseWriter, *http.Request) error { return errNoPage }

func (s *server) changesResume(http.ResponseWriter, *http.Request) error { return errNoPage }

func (s *server) changesCancel(http.ResponseWriter, *http.Request) error { return errNoPage }

func (s *server) changesRetry(http.ResponseWriter, *http.Request) error { return errNoPage }
