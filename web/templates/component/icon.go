package component

import (
	"maps"
	"slices"
)

// Icon names a drawing from Tabler Icons 3.51.0 (MIT, see web/static/vendor/NOTICE).
// The zero value draws nothing. Only the listed drawings exist.
type Icon string

// The drawings in use.
const (
	IconActivity              Icon = "activity"
	IconAdjustmentsHorizontal Icon = "adjustments-horizontal"
	IconAlertCircle           Icon = "alert-circle"
	IconAlertTriangle         Icon = "alert-triangle"
	IconArrowBackUp           Icon = "arrow-back-up"
	IconArrowDown             Icon = "arrow-down"
	IconArrowLeft             Icon = "arrow-left"
	IconArrowRight            Icon = "arrow-right"
	IconArrowUp               Icon = "arrow-up"
	IconBan                   Icon = "ban"
	IconBell                  Icon = "bell"
	IconBriefcase             Icon = "briefcase"
	IconBuilding              Icon = "building"
	IconCalendar              Icon = "calendar"
	IconCheck                 Icon = "check"
	IconChecklist             Icon = "checklist"
	IconChevronDown           Icon = "chevron-down"
	IconChevronLeft           Icon = "chevron-left"
	IconChevronRight          Icon = "chevron-right"
	IconCircleCheck           Icon = "circle-check"
	IconCircleDashed          Icon = "circle-dashed"
	IconCircleX               Icon = "circle-x"
	IconClock                 Icon = "clock"
	IconCopy                  Icon = "copy"
	IconDeviceDesktop         Icon = "device-desktop"
	IconDots                  Icon = "dots"
	IconDownload              Icon = "download"
	IconEdit                  Icon = "edit"
	IconExternalLink          Icon = "external-link"
	IconEye                   Icon = "eye"
	IconFile                  Icon = "file"
	IconFileSpreadsheet       Icon = "file-spreadsheet"
	IconFilter                Icon = "filter"
	IconFlag                  Icon = "flag"
	IconHeartbeat             Icon = "heartbeat"
	IconHelp                  Icon = "help"
	IconHistory               Icon = "history"
	IconHome                  Icon = "home"
	IconInbox                 Icon = "inbox"
	IconInfoCircle            Icon = "info-circle"
	IconKey                   Icon = "key"
	IconLink                  Icon = "link"
	IconList                  Icon = "list"
	IconLock                  Icon = "lock"
	IconLogout                Icon = "logout"
	IconMail                  Icon = "mail"
	IconMenu2                 Icon = "menu-2"
	IconMessageCircle         Icon = "message-circle"
	IconMoon                  Icon = "moon"
	IconPlayerPause           Icon = "player-pause"
	IconPlayerPlay            Icon = "player-play"
	IconPlus                  Icon = "plus"
	IconRefresh               Icon = "refresh"
	IconSearch                Icon = "search"
	IconSelector              Icon = "selector"
	IconSend                  Icon = "send"
	IconSettings              Icon = "settings"
	IconShield                Icon = "shield"
	IconShieldCheck           Icon = "shield-check"
	IconSitemap               Icon = "sitemap"
	IconSpeakerphone          Icon = "speakerphone"
	IconSun                   Icon = "sun"
	IconTable                 Icon = "table"
	IconTarget                Icon = "target"
	IconTrash                 Icon = "trash"
	IconUpload                Icon = "upload"
	IconUser                  Icon = "user"
	IconUserCheck             Icon = "user-check"
	IconUserMinus             Icon = "user-minus"
	IconUserOff               Icon = "user-off"
	IconUserPlus              Icon = "user-plus"
	IconUserShare             Icon = "user-share"
	IconUsers                 Icon = "users"
	IconUsersGroup            Icon = "users-group"
	IconX                     Icon = "x"
)

// strokes are the path data of each drawing on a square of 24 units.
var strokes = map[Icon][]string{
	IconActivity:              {"M3 12h4l3 8l4 -16l3 8h4"},
	IconAdjustmentsHorizontal: {"M12 6a2 2 0 1 0 4 0a2 2 0 1 0 -4 0", "M4 6l8 0", "M16 6l4 0", "M6 12a2 2 0 1 0 4 0a2 2 0 1 0 -4 0", "M4 12l2 0", "M10 12l10 0", "M15 18a2 2 0 1 0 4 0a2 2 0 1 0 -4 0", "M4 18l11 0", "M19 18l1 0"},
	IconAlertCircle:           {"M3 12a9 9 0 1 0 18 0a9 9 0 0 0 -18 0", "M12 8v4", "M12 16h.01"},
	IconAlertTriangle:         {"M12 9v4", "M10.363 3.591l-8.106 13.534a1.914 1.914 0 0 0 1.636 2.871h16.214a1.914 1.914 0 0 0 1.636 -2.87l-8.106 -13.536a1.914 1.914 0 0 0 -3.274 0", "M12 16h.01"},
	IconArrowBackUp:           {"M9 14l-4 -4l4 -4", "M5 10h11a4 4 0 1 1 0 8h-1"},
	IconArrowDown:             {"M12 5l0 14", "M18 13l-6 6", "M6 13l6 6"},
	IconArrowLeft:             {"M5 12l14 0", "M5 12l6 6", "M5 12l6 -6"},
	IconArrowRight:            {"M5 12l14 0", "M13 18l6 -6", "M13 6l6 6"},
	IconArrowUp:               {"M12 5l0 14", "M18 11l-6 -6", "M6 11l6 -6"},
	IconBan:                   {"M3 12a9 9 0 1 0 18 0a9 9 0 1 0 -18 0", "M5.7 5.7l12.6 12.6"},
	IconBell:                  {"M10 5a2 2 0 1 1 4 0a7 7 0 0 1 4 6v3a4 4 0 0 0 2 3h-16a4 4 0 0 0 2 -3v-3a7 7 0 0 1 4 -6", "M9 17v1a3 3 0 0 0 6 0v-1"},
	IconBriefcase:             {"M3 9a2 2 0 0 1 2 -2h14a2 2 0 0 1 2 2v9a2 2 0 0 1 -2 2h-14a2 2 0 0 1 -2 -2l0 -9", "M8 7v-2a2 2 0 0 1 2 -2h4a2 2 0 0 1 2 2v2", "M12 12l0 .01", "M3 13a20 20 0 0 0 18 0"},
	IconBuilding:              {"M3 21l18 0", "M9 8l1 0", "M9 12l1 0", "M9 16l1 0", "M14 8l1 0", "M14 12l1 0", "M14 16l1 0", "M5 21v-16a2 2 0 0 1 2 -2h10a2 2 0 0 1 2 2v16"},
	IconCalendar:              {"M4 7a2 2 0 0 1 2 -2h12a2 2 0 0 1 2 2v12a2 2 0 0 1 -2 2h-12a2 2 0 0 1 -2 -2v-12", "M16 3v4", "M8 3v4", "M4 11h16"},
	IconCheck:                 {"M5 12l5 5l10 -10"},
	IconChecklist:             {"M9.615 20h-2.615a2 2 0 0 1 -2 -2v-12a2 2 0 0 1 2 -2h8a2 2 0 0 1 2 2v8", "M14 19l2 2l4 -4", "M9 8h4", "M9 12h2"},
	IconChevronDown:           {"M6 9l6 6l6 -6"},
	IconChevronLeft:           {"M15 6l-6 6l6 6"},
	IconChevronRight:          {"M9 6l6 6l-6 6"},
	IconCircleCheck:           {"M3 12a9 9 0 1 0 18 0a9 9 0 1 0 -18 0", "M9 12l2 2l4 -4"},
	IconCircleDashed:          {"M8.56 3.69a9 9 0 0 0 -2.92 1.95", "M3.69 8.56a9 9 0 0 0 -.69 3.44", "M3.69 15.44a9 9 0 0 0 1.95 2.92", "M8.56 20.31a9 9 0 0 0 3.44 .69", "M15.44 20.31a9 9 0 0 0 2.92 -1.95", "M20.31 15.44a9 9 0 0 0 .69 -3.44", "M20.31 8.56a9 9 0 0 0 -1.95 -2.92", "M15.44 3.69a9 9 0 0 0 -3.44 -.69"},
	IconCircleX:               {"M3 12a9 9 0 1 0 18 0a9 9 0 1 0 -18 0", "M10 10l4 4m0 -4l-4 4"},
	IconClock:                 {"M3 12a9 9 0 1 0 18 0a9 9 0 0 0 -18 0", "M12 7v5l3 3"},
	IconCopy:                  {"M7 9.667a2.667 2.667 0 0 1 2.667 -2.667h8.666a2.667 2.667 0 0 1 2.667 2.667v8.666a2.667 2.667 0 0 1 -2.667 2.667h-8.666a2.667 2.667 0 0 1 -2.667 -2.667l0 -8.666", "M4.012 16.737a2.005 2.005 0 0 1 -1.012 -1.737v-10c0 -1.1 .9 -2 2 -2h10c.75 0 1.158 .385 1.5 1"},
	IconDeviceDesktop:         {"M3 5a1 1 0 0 1 1 -1h16a1 1 0 0 1 1 1v10a1 1 0 0 1 -1 1h-16a1 1 0 0 1 -1 -1v-10", "M7 20h10", "M9 16v4", "M15 16v4"},
	IconDots:                  {"M4 12a1 1 0 1 0 2 0a1 1 0 1 0 -2 0", "M11 12a1 1 0 1 0 2 0a1 1 0 1 0 -2 0", "M18 12a1 1 0 1 0 2 0a1 1 0 1 0 -2 0"},
	IconDownload:              {"M4 17v2a2 2 0 0 0 2 2h12a2 2 0 0 0 2 -2v-2", "M7 11l5 5l5 -5", "M12 4l0 12"},
	IconEdit:                  {"M7 7h-1a2 2 0 0 0 -2 2v9a2 2 0 0 0 2 2h9a2 2 0 0 0 2 -2v-1", "M20.385 6.585a2.1 2.1 0 0 0 -2.97 -2.97l-8.415 8.385v3h3l8.385 -8.415", "M16 5l3 3"},
	IconExternalLink:          {"M12 6h-6a2 2 0 0 0 -2 2v10a2 2 0 0 0 2 2h10a2 2 0 0 0 2 -2v-6", "M11 13l9 -9", "M15 4h5v5"},
	IconEye:                   {"M10 12a2 2 0 1 0 4 0a2 2 0 0 0 -4 0", "M21 12c-2.4 4 -5.4 6 -9 6c-3.6 0 -6.6 -2 -9 -6c2.4 -4 5.4 -6 9 -6c3.6 0 6.6 2 9 6"},
	IconFile:                  {"M14 3v4a1 1 0 0 0 1 1h4", "M17 21h-10a2 2 0 0 1 -2 -2v-14a2 2 0 0 1 2 -2h7l5 5v11a2 2 0 0 1 -2 2"},
	IconFileSpreadsheet:       {"M14 3v4a1 1 0 0 0 1 1h4", "M17 21h-10a2 2 0 0 1 -2 -2v-14a2 2 0 0 1 2 -2h7l5 5v11a2 2 0 0 1 -2 2", "M8 11h8v7h-8l0 -7", "M8 15h8", "M11 11v7"},
	IconFilter:                {"M4 4h16v2.172a2 2 0 0 1 -.586 1.414l-4.414 4.414v7l-6 2v-8.5l-4.48 -4.928a2 2 0 0 1 -.52 -1.345v-2.227"},
	IconFlag:                  {"M5 5a5 5 0 0 1 7 0a5 5 0 0 0 7 0v9a5 5 0 0 1 -7 0a5 5 0 0 0 -7 0v-9", "M5 21v-7"},
	IconHeartbeat:             {"M19.5 13.572l-7.5 7.428l-2.896 -2.868m-6.117 -8.104a5 5 0 0 1 9.013 -3.022a5 5 0 1 1 7.5 6.572", "M3 13h2l2 3l2 -6l1 3h3"},
	IconHelp:                  {"M3 12a9 9 0 1 0 18 0a9 9 0 1 0 -18 0", "M12 17l0 .01", "M12 13.5a1.5 1.5 0 0 1 1 -1.5a2.6 2.6 0 1 0 -3 -4"},
	IconHistory:               {"M12 8l0 4l2 2", "M3.05 11a9 9 0 1 1 .5 4m-.5 5v-5h5"},
	IconHome:                  {"M5 12l-2 0l9 -9l9 9l-2 0", "M5 12v7a2 2 0 0 0 2 2h10a2 2 0 0 0 2 -2v-7", "M9 21v-6a2 2 0 0 1 2 -2h2a2 2 0 0 1 2 2v6"},
	IconInbox:                 {"M4 6a2 2 0 0 1 2 -2h12a2 2 0 0 1 2 2v12a2 2 0 0 1 -2 2h-12a2 2 0 0 1 -2 -2l0 -12", "M4 13h3l3 3h4l3 -3h3"},
	IconInfoCircle:            {"M3 12a9 9 0 1 0 18 0a9 9 0 0 0 -18 0", "M12 9h.01", "M11 12h1v4h1"},
	IconKey:                   {"M16.555 3.843l3.602 3.602a2.877 2.877 0 0 1 0 4.069l-2.643 2.643a2.877 2.877 0 0 1 -4.069 0l-.301 -.301l-6.558 6.558a2 2 0 0 1 -1.239 .578l-.175 .008h-1.172a1 1 0 0 1 -.993 -.883l-.007 -.117v-1.172a2 2 0 0 1 .467 -1.284l.119 -.13l.414 -.414h2v-2h2v-2l2.144 -2.144l-.301 -.301a2.877 2.877 0 0 1 0 -4.069l2.643 -2.643a2.877 2.877 0 0 1 4.069 0", "M15 9h.01"},
	IconLink:                  {"M9 15l6 -6", "M11 6l.463 -.536a5 5 0 0 1 7.071 7.072l-.534 .464", "M13 18l-.397 .534a5.068 5.068 0 0 1 -7.127 0a4.972 4.972 0 0 1 0 -7.071l.524 -.463"},
	IconList:                  {"M9 6l11 0", "M9 12l11 0", "M9 18l11 0", "M5 6l0 .01", "M5 12l0 .01", "M5 18l0 .01"},
	IconLock:                  {"M5 13a2 2 0 0 1 2 -2h10a2 2 0 0 1 2 2v6a2 2 0 0 1 -2 2h-10a2 2 0 0 1 -2 -2v-6", "M11 16a1 1 0 1 0 2 0a1 1 0 0 0 -2 0", "M8 11v-4a4 4 0 1 1 8 0v4"},
	IconLogout:                {"M14 8v-2a2 2 0 0 0 -2 -2h-7a2 2 0 0 0 -2 2v12a2 2 0 0 0 2 2h7a2 2 0 0 0 2 -2v-2", "M9 12h12l-3 -3", "M18 15l3 -3"},
	IconMail:                  {"M3 7a2 2 0 0 1 2 -2h14a2 2 0 0 1 2 2v10a2 2 0 0 1 -2 2h-14a2 2 0 0 1 -2 -2v-10", "M3 7l9 6l9 -6"},
	IconMenu2:                 {"M4 6l16 0", "M4 12l16 0", "M4 18l16 0"},
	IconMessageCircle:         {"M3 20l1.3 -3.9c-2.324 -3.437 -1.426 -7.872 2.1 -10.374c3.526 -2.501 8.59 -2.296 11.845 .48c3.255 2.777 3.695 7.266 1.029 10.501c-2.666 3.235 -7.615 4.215 -11.574 2.293l-4.7 1"},
	IconMoon:                  {"M12 3c.132 0 .263 0 .393 0a7.5 7.5 0 0 0 7.92 12.446a9 9 0 1 1 -8.313 -12.454l0 .008"},
	IconPlayerPause:           {"M6 6a1 1 0 0 1 1 -1h2a1 1 0 0 1 1 1v12a1 1 0 0 1 -1 1h-2a1 1 0 0 1 -1 -1l0 -12", "M14 6a1 1 0 0 1 1 -1h2a1 1 0 0 1 1 1v12a1 1 0 0 1 -1 1h-2a1 1 0 0 1 -1 -1l0 -12"},
	IconPlayerPlay:            {"M7 4v16l13 -8l-13 -8"},
	IconPlus:                  {"M12 5l0 14", "M5 12l14 0"},
	IconRefresh:               {"M20 11a8.1 8.1 0 0 0 -15.5 -2m-.5 -4v4h4", "M4 13a8.1 8.1 0 0 0 15.5 2m.5 4v-4h-4"},
	IconSearch:                {"M3 10a7 7 0 1 0 14 0a7 7 0 1 0 -14 0", "M21 21l-6 -6"},
	IconSelector:              {"M8 9l4 -4l4 4", "M16 15l-4 4l-4 -4"},
	IconSend:                  {"M10 14l11 -11", "M21 3l-6.5 18a.55 .55 0 0 1 -1 0l-3.5 -7l-7 -3.5a.55 .55 0 0 1 0 -1l18 -6.5"},
	IconSettings:              {"M10.325 4.317c.426 -1.756 2.924 -1.756 3.35 0a1.724 1.724 0 0 0 2.573 1.066c1.543 -.94 3.31 .826 2.37 2.37a1.724 1.724 0 0 0 1.065 2.572c1.756 .426 1.756 2.924 0 3.35a1.724 1.724 0 0 0 -1.066 2.573c.94 1.543 -.826 3.31 -2.37 2.37a1.724 1.724 0 0 0 -2.572 1.065c-.426 1.756 -2.924 1.756 -3.35 0a1.724 1.724 0 0 0 -2.573 -1.066c-1.543 .94 -3.31 -.826 -2.37 -2.37a1.724 1.724 0 0 0 -1.065 -2.572c-1.756 -.426 -1.756 -2.924 0 -3.35a1.724 1.724 0 0 0 1.066 -2.573c-.94 -1.543 .826 -3.31 2.37 -2.37c1 .608 2.296 .07 2.572 -1.065", "M9 12a3 3 0 1 0 6 0a3 3 0 0 0 -6 0"},
	IconShield:                {"M12 3a12 12 0 0 0 8.5 3a12 12 0 0 1 -8.5 15a12 12 0 0 1 -8.5 -15a12 12 0 0 0 8.5 -3"},
	IconShieldCheck:           {"M11.46 20.846a12 12 0 0 1 -7.96 -14.846a12 12 0 0 0 8.5 -3a12 12 0 0 0 8.5 3a12 12 0 0 1 -.09 7.06", "M15 19l2 2l4 -4"},
	IconSitemap:               {"M3 17a2 2 0 0 1 2 -2h2a2 2 0 0 1 2 2v2a2 2 0 0 1 -2 2h-2a2 2 0 0 1 -2 -2l0 -2", "M15 17a2 2 0 0 1 2 -2h2a2 2 0 0 1 2 2v2a2 2 0 0 1 -2 2h-2a2 2 0 0 1 -2 -2l0 -2", "M9 5a2 2 0 0 1 2 -2h2a2 2 0 0 1 2 2v2a2 2 0 0 1 -2 2h-2a2 2 0 0 1 -2 -2l0 -2", "M6 15v-1a2 2 0 0 1 2 -2h8a2 2 0 0 1 2 2v1", "M12 9l0 3"},
	IconSpeakerphone:          {"M18 8a3 3 0 0 1 0 6", "M10 8v11a1 1 0 0 1 -1 1h-1a1 1 0 0 1 -1 -1v-5", "M12 8l4.524 -3.77a.9 .9 0 0 1 1.476 .692v12.156a.9 .9 0 0 1 -1.476 .692l-4.524 -3.77h-8a1 1 0 0 1 -1 -1v-4a1 1 0 0 1 1 -1h8"},
	IconSun:                   {"M8 12a4 4 0 1 0 8 0a4 4 0 1 0 -8 0", "M3 12h1m8 -9v1m8 8h1m-9 8v1m-6.4 -15.4l.7 .7m12.1 -.7l-.7 .7m0 11.4l.7 .7m-12.1 -.7l-.7 .7"},
	IconTable:                 {"M3 5a2 2 0 0 1 2 -2h14a2 2 0 0 1 2 2v14a2 2 0 0 1 -2 2h-14a2 2 0 0 1 -2 -2v-14", "M3 10h18", "M10 3v18"},
	IconTarget:                {"M11 12a1 1 0 1 0 2 0a1 1 0 1 0 -2 0", "M7 12a5 5 0 1 0 10 0a5 5 0 1 0 -10 0", "M3 12a9 9 0 1 0 18 0a9 9 0 1 0 -18 0"},
	IconTrash:                 {"M4 7l16 0", "M10 11l0 6", "M14 11l0 6", "M5 7l1 12a2 2 0 0 0 2 2h8a2 2 0 0 0 2 -2l1 -12", "M9 7v-3a1 1 0 0 1 1 -1h4a1 1 0 0 1 1 1v3"},
	IconUpload:                {"M4 17v2a2 2 0 0 0 2 2h12a2 2 0 0 0 2 -2v-2", "M7 9l5 -5l5 5", "M12 4l0 12"},
	IconUser:                  {"M8 7a4 4 0 1 0 8 0a4 4 0 0 0 -8 0", "M6 21v-2a4 4 0 0 1 4 -4h4a4 4 0 0 1 4 4v2"},
	IconUserCheck:             {"M8 7a4 4 0 1 0 8 0a4 4 0 0 0 -8 0", "M6 21v-2a4 4 0 0 1 4 -4h4", "M15 19l2 2l4 -4"},
	IconUserMinus:             {"M8 7a4 4 0 1 0 8 0a4 4 0 0 0 -8 0", "M6 21v-2a4 4 0 0 1 4 -4h4c.348 0 .686 .045 1.009 .128", "M16 19h6"},
	IconUserOff:               {"M8.18 8.189a4.01 4.01 0 0 0 2.616 2.627m3.507 -.545a4 4 0 1 0 -5.59 -5.552", "M6 21v-2a4 4 0 0 1 4 -4h4c.412 0 .81 .062 1.183 .178m2.633 2.618c.12 .38 .184 .785 .184 1.204v2", "M3 3l18 18"},
	IconUserPlus:              {"M8 7a4 4 0 1 0 8 0a4 4 0 0 0 -8 0", "M16 19h6", "M19 16v6", "M6 21v-2a4 4 0 0 1 4 -4h4"},
	IconUserShare:             {"M8 7a4 4 0 1 0 8 0a4 4 0 0 0 -8 0", "M6 21v-2a4 4 0 0 1 4 -4h3", "M16 22l5 -5", "M21 21.5v-4.5h-4.5"},
	IconUsers:                 {"M5 7a4 4 0 1 0 8 0a4 4 0 1 0 -8 0", "M3 21v-2a4 4 0 0 1 4 -4h4a4 4 0 0 1 4 4v2", "M16 3.13a4 4 0 0 1 0 7.75", "M21 21v-2a4 4 0 0 0 -3 -3.85"},
	IconUsersGroup:            {"M10 13a2 2 0 1 0 4 0a2 2 0 0 0 -4 0", "M8 21v-1a2 2 0 0 1 2 -2h4a2 2 0 0 1 2 2v1", "M15 5a2 2 0 1 0 4 0a2 2 0 0 0 -4 0", "M17 10h2a2 2 0 0 1 2 2v1", "M5 5a2 2 0 1 0 4 0a2 2 0 0 0 -4 0", "M3 13v-1a2 2 0 0 1 2 -2h2"},
	IconX:                     {"M18 6l-12 12", "M6 6l12 12"},
}

// Icons lists every drawing, in the order of the alphabet.
func Icons() []Icon { return slices.Sorted(maps.Keys(strokes)) }
