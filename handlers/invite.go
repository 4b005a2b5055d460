package handlers

import "net/http"

func (s *server) inviteStart(http.ResponseWriter, *http.Request) error { return errNoPage }

func (s *server) inviteTemplate(http.ResponseWriter, *http.Request) error { return errNoPage }

func (s *server) inviteUpload(http.ResponseWriter, *http.Request) error { return errNoPage }

func (s *server) inviteColumns(http.ResponseWriter, *http.Request) error { return errNoPage }

func (s *server) inviteColumnsSave(http.ResponseWriter, *http.Request) error { return errNoPage }

func (s *server) inviteCheck(http.ResponseWriter, *http.Request) error { return errNoPage }

func (s *server) inviteCheckSave(http.ResponseWriter, *http.Request) error { return errNoPage }

func (s *server) inviteReview(http.ResponseWriter, *http.Request) error { return errNoPage }

func (s *server) inviteSubmit(http.ResponseWriter, *http.Request) error { return errNoPage }

func (s *server) inviteDiscard(http.ResponseWriter, *http.Request) error { return errNoPage }
