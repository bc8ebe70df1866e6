"""Pollution sources: conversion, valid hours, exceedance, mass and rates of outlets."""
