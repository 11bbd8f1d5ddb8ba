-- Base data of each customer. That nobody entered a parent company or an account manager does not say there is none.
SELECT
    c.key AS customer,
    c.industry,
    c.region,
    c.country,
    c.employees,
    round(c.annual_revenue * r.rate_to_base, 2)::DECIMAL(18, 2) AS annual_revenue,
    c.legal_form,
    c.founded_on,
    c.first_business_on,
    c.acquisition_source,
    nullif(c.parent IS NOT NULL, false) AS belongs_to_group,
    nullif(c.account_manager IS NOT NULL, false) AS has_account_manager,
    c.credit_score
FROM customers c
LEFT JOIN day_rates r ON r.currency = c.currency AND r.day = c.holds_from
