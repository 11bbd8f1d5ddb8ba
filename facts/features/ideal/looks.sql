-- What each customer looks like from the outside. The sizes are those of the European Union (Recommendation 2003/361/EC),
-- by staff alone.
SELECT
    key AS customer,
    {
        industry: industry,
        region: region,
        country: country,
        legal_form: legal_form,
        size: CASE WHEN employees < 50 THEN 'small' WHEN employees < 250 THEN 'medium' WHEN employees >= 250 THEN 'large' END
    } AS look
FROM customers
