"""The addresses of the pages."""

from __future__ import annotations

from django.urls import path

from fenhe.platform.web.views import (
    alarmroutes,
    alarms,
    audit,
    bulletins,
    compare,
    data,
    devices,
    evidence,
    feeds,
    firms,
    live,
    outlets,
    people,
    review,
    rose,
    station,
    stations,
    workbench,
)
from fenhe.platform.web.views import cities as cities_view
from fenhe.platform.web.views import map as map_view
from fenhe.platform.web.views import methods as methods_view
from fenhe.platform.web.views import ranking as ranking_view
from fenhe.platform.web.views import standards as standards_view

app_name = "web"
urlpatterns = [
    path("", map_view.show_map, name="map"),
    path("map/shapes.json", map_view.show_shapes, name="shapes"),
    path("stations/", stations.list_stations, name="stations"),
    path("stations/<str:key>/", station.show_station, name="station"),
    path("stations/<str:key>/rose/", rose.show_rose, name="rose"),
    path("stations/<str:key>/review/", review.review, name="review"),
    path("stations/<str:key>/clear/", review.clear_flag, name="clear_flag"),
    path("review/", workbench.show_queue, name="review_queue"),
    path("review/<str:key>/", workbench.show_bench, name="review_bench"),
    path("review/<str:key>/decide/", workbench.decide, name="review_decide"),
    path("review/<str:key>/undo/", workbench.undo, name="review_undo"),
    path("review/<str:key>/close/", workbench.close, name="review_close"),
    path("review/<str:key>/value/", workbench.show_value, name="review_value"),
    path("ranking/", ranking_view.show_ranking, name="ranking"),
    path("cities/", cities_view.list_cities, name="cities"),
    path("cities/<str:key>/", cities_view.show_city, name="city"),
    path("evidence/", evidence.root, name="evidence_root"),
    path(
        "evidence/<str:assessment>/<path:key>/<str:label>/", evidence.show_evidence, name="evidence"
    ),
    path("data/", data.show_data, name="data"),
    path("data/examine/", data.examine, name="examine"),
    path("data/load/", data.load, name="load"),
    path("data/quarantine/", data.show_quarantine, name="quarantine"),
    path("data/export/", data.export, name="export"),
    path("feeds/", feeds.list_feeds, name="feeds"),
    path("feeds/<slug:key>/", feeds.show_feed, name="feed"),
    path("feeds/<slug:key>/run/", feeds.run_feed, name="feed_run"),
    path("feeds/<slug:key>/pause/", feeds.pause_feed, name="feed_pause"),
    path("live/", live.show_live, name="live"),
    path("outlets/", outlets.list_outlets, name="outlets"),
    path("outlets/<str:key>/", outlets.show_outlet, name="outlet"),
    path("outlets/<str:key>/chart.json", outlets.chart, name="outlet_chart"),
    path(
        "outlets/<str:key>/frames/<str:sha256>/<int:row>/",
        outlets.show_frame,
        name="outlet_frame",
    ),
    path("firms/", firms.list_firms, name="firms"),
    path("firms/<str:code>/", firms.show_firm, name="firm"),
    path("devices/<str:mn>/", devices.show_device, name="device"),
    path("devices/<str:mn>/command/", devices.send, name="device_command"),
    path("devices/<str:mn>/key/", devices.rotate, name="device_key"),
    path("commands/<int:number>/approve/", devices.approve, name="command_approve"),
    path("commands/<int:number>/withdraw/", devices.withdraw, name="command_withdraw"),
    path("alarms/", alarms.list_alarms, name="alarms"),
    path("alarms/<int:number>/", alarms.show_alarm, name="alarm"),
    path("alarms/<int:number>/acknowledge/", alarms.acknowledge, name="alarm_acknowledge"),
    path("alarms/routes/", alarmroutes.list_routes, name="alarm_routes"),
    path("alarms/routes/add/", alarmroutes.add_route, name="alarm_route_add"),
    path("alarms/route/<slug:key>/", alarmroutes.show_route, name="alarm_route"),
    path("alarms/route/<slug:key>/change/", alarmroutes.change_route, name="alarm_route_change"),
    path("alarms/route/<slug:key>/test/", alarmroutes.try_route, name="alarm_route_test"),
    path("alarms/limits/", alarmroutes.list_limits, name="alarm_limits"),
    path("alarms/limits/set/", alarmroutes.set_limit, name="alarm_limit_set"),
    path("compare/", compare.show_compare, name="compare"),
    path("bulletins/", bulletins.list_bulletins, name="bulletins"),
    path("bulletins/freeze/", bulletins.freeze, name="bulletin_freeze"),
    path("bulletins/<str:key>/", bulletins.show_bulletin, name="bulletin"),
    path("bulletins/<str:key>/verify/", bulletins.verify, name="bulletin_verify"),
    path("bulletins/<str:key>/publish/", bulletins.publish, name="bulletin_publish"),
    path("bulletins/<str:key>/<str:name>", bulletins.paper, name="bulletin_paper"),
    path("standards/", standards_view.list_standards, name="standards"),
    path("standards/compare/", standards_view.compare, name="standards_compare"),
    path("standards/<str:edition>/", standards_view.show_edition, name="standard"),
    path("methods/", methods_view.list_methods, name="methods"),
    path("audit/", audit.show_audit, name="audit"),
    path("login/", people.log_in, name="login"),
    path("logout/", people.log_out, name="logout"),
]
